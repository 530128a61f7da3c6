#include <iostream>
#include <regex>

#include "sums.hpp"

int main()
{
    bool right = sum({1, 2, 3}) == 6 && sum({}) == 0 && std::regex_match("sums", std::regex("s.*s"));
    std::cout << (right ? "right" : "wrong") << '\n';
    return right ? 0 : 1;
}
