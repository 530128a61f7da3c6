#ifndef @@name:upper@@_H
#define @@name:upper@@_H

#include <stddef.h>

/* Writes a greeting for `who` into `buffer`, cut to `size` with its terminator; returns the length of the whole greeting. */
int @@name:snake@@_greet(char *buffer, size_t size, const char *who);

#endif
