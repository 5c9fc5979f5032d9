/* Includes itself twice at each of fifteen levels. */
#if !defined LEVEL_A
#define LEVEL_A
#include "many.h"
#include "many.h"
#undef LEVEL_A
#elif !defined LEVEL_B
#define LEVEL_B
#include "many.h"
#include "many.h"
#undef LEVEL_B
#elif !defined LEVEL_C
#define LEVEL_C
#include "many.h"
#include "many.h"
#undef LEVEL_C
#elif !defined LEVEL_D
#define LEVEL_D
#include "many.h"
#include "many.h"
#undef LEVEL_D
#elif !defined LEVEL_E
#define LEVEL_E
#include "many.h"
#include "many.h"
#undef LEVEL_E
#elif !defined LEVEL_F
#define LEVEL_F
#include "many.h"
#include "many.h"
#undef LEVEL_F
#elif !defined LEVEL_G
#define LEVEL_G
#include "many.h"
#include "many.h"
#undef LEVEL_G
#elif !defined LEVEL_H
#define LEVEL_H
#include "many.h"
#include "many.h"
#undef LEVEL_H
#elif !defined LEVEL_I
#define LEVEL_I
#include "many.h"
#include "many.h"
#undef LEVEL_I
#elif !defined LEVEL_J
#define LEVEL_J
#include "many.h"
#include "many.h"
#undef LEVEL_J
#elif !defined LEVEL_K
#define LEVEL_K
#include "many.h"
#include "many.h"
#undef LEVEL_K
#elif !defined LEVEL_L
#define LEVEL_L
#include "many.h"
#include "many.h"
#undef LEVEL_L
#elif !defined LEVEL_M
#define LEVEL_M
#include "many.h"
#include "many.h"
#undef LEVEL_M
#elif !defined LEVEL_N
#define LEVEL_N
#include "many.h"
#include "many.h"
#undef LEVEL_N
#elif !defined LEVEL_O
#define LEVEL_O
#include "many.h"
#include "many.h"
#undef LEVEL_O
#endif
