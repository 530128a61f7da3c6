/* Sorts the numbers on standard input. */
#include <stdio.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    size_t count = 0, room = 16;
    long *numbers = malloc(room * sizeof *numbers), number;
    while (numbers != NULL && scanf("%ld", &number) == 1) {
        if (count == room) {
            long *more = realloc(numbers, (room *= 2) * sizeof *numbers);
            if (more == NULL)
                return 1;
            numbers = more;
        }
        numbers[count++] = number;
    }
    if (numbers == NULL)
        return 1;
    qsort(numbers, count, sizeof *numbers, compare);
    for (size_t i = 0; i < count; i++)
        printf("%ld\n", numbers[i]);
    free(numbers);
    return 0;
}
