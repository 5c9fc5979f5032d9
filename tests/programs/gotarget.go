// A program of Go for tests/live/go.sh: functions with known arguments and results, called by
// four goroutines, whose stacks have to grow.
//
//	gotarget [ROUNDS]
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
)

type point struct{ x, y int }

//go:noinline
func add(a, b int) int { return a + b }

//go:noinline
func nine(a, b, c, d, e, f, g, h, i int) int { return a + b + c + d + e + f + g + h + i }

//go:noinline
func (p *point) sum(k int) int { return p.x + p.y + k }

// Many ways out, and a stack that has to grow.
//
//go:noinline
func deep(n int) int {
	var pad [256]byte
	if n == 0 {
		return 1
	}
	pad[n%256] = byte(n)
	if n%2 == 0 {
		return deep(n-1) + int(pad[n%256]&1)
	}
	return deep(n - 1)
}

func main() {
	rounds := 1
	if len(os.Args) > 1 {
		rounds, _ = strconv.Atoi(os.Args[1])
	}
	var wg sync.WaitGroup
	for g := 0; g < 4; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; i < rounds; i++ {
				add(40, 2)
				nine(1, 2, 3, 4, 5, 6, 7, 8, 9)
				(&point{3, 4}).sum(5)
				deep(1000)
			}
		}()
	}
	wg.Wait()
	fmt.Println("done")
}
