/* Unit tests that print a JUnit report. */
#include <stdio.h>
#include <string.h>

#include "greet.h"

static int failures;

static void check(const char *name, int holds)
{
    failures += !holds;
    printf("  <testcase classname=\"greet\" name=\"%s\">%s</testcase>\n", name, holds ? "" : "<failure/>");
}

int main(void)
{
    char line[20];
    puts("<testsuite name=\"greet\">");
    check("greets by name", greet(line, sizeof line, "Ada") == 11 && strcmp(line, "Hello, Ada!") == 0);
    check("greets a stranger", greet(line, sizeof line, "") == 16 && strcmp(line, "Hello, stranger!") == 0);
    check("refuses a name that does not fit", greet(line, sizeof line, "Wolfeschlegelstein") == -1);
    puts("</testsuite>");
    return failures != 0;
}
