#include "@@name:snake@@.h"

#include <stdio.h>
#include <string.h>

static int failed;

#define CHECK(condition) \
    ((condition) ? (void)0 : (void)(failed++, fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition)))

int main(void)
{
    char text[32];
    CHECK(@@name:snake@@_greet(text, sizeof text, "World") == 13);
    CHECK(strcmp(text, "Hello, World!") == 0);

    char small[6];
    CHECK(@@name:snake@@_greet(small, sizeof small, "World") == 13);
    CHECK(strcmp(small, "Hello") == 0);

    printf("%s\n", failed == 0 ? "all tests passed" : "some tests failed");
    return failed != 0;
}
