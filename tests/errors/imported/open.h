#ifndef OPEN_H
#define OPEN_H
