#include "@@name:snake@@/greeting.hpp"

#include <iostream>

namespace {

int failed = 0;

void check(bool holds, const char* what)
{
    if (!holds) {
        ++failed;
        std::cerr << "not so: " << what << '\n';
    }
}

} // namespace

int main()
{
    check(@@name:snake@@::greet("World") == "Hello, World!", "it names who is greeted");
    check(@@name:snake@@::greet("") == "Hello, !", "nobody is greeted too");
    return failed == 0 ? 0 : 1;
}
