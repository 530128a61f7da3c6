#include "@@name:snake@@.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    char text[256];
    @@name:snake@@_greet(text, sizeof text, argc > 1 ? argv[1] : "World");
    return puts(text) < 0;
}
