#include "greet.h"

#include <stdio.h>

int greet(char *buffer, size_t size, const char *name)
{
    int length = snprintf(buffer, size, "Hello, %s!", name[0] != '\0' ? name : "stranger");
    return length >= 0 && (size_t)length < size ? length : -1;
}
