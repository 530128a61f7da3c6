#include <stdio.h>

#include "greet.h"

int main(int argc, char **argv)
{
    char line[80];
    if (greet(line, sizeof line, argc > 1 ? argv[1] : "") < 0) {
        fputs("hello: that name is too long\n", stderr);
        return 1;
    }
    puts(line);
    return 0;
}
