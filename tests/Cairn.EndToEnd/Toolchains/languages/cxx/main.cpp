#include <iostream>
#include <string>

#include "sums.hpp"

int main(int argc, char **argv)
{
    std::vector<long> numbers;
    for (int i = 1; i < argc; i++)
    {
        numbers.push_back(std::stol(argv[i]));
    }

    std::cout << sum(numbers) << '\n';
}
