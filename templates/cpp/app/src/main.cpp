#include "@@name:snake@@/greeting.hpp"

#include <iostream>

int main(int argc, char** argv)
{
    std::cout << @@name:snake@@::greet(argc > 1 ? argv[1] : "World") << '\n';
}
