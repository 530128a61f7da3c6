#include "@@name:snake@@.h"

#include <stdio.h>

int @@name:snake@@_greet(char *buffer, size_t size, const char *who)
{
    return snprintf(buffer, size, "Hello, %s!", who);
}
