#ifndef GREET_H
#define GREET_H

#include <stddef.h>

/* Writes a greeting for NAME into BUFFER of SIZE bytes. Returns its length, or -1 where it does not fit. */
int greet(char *buffer, size_t size, const char *name);

#endif
