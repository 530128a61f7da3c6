#include "@@name:snake@@/greeting.hpp"

namespace @@name:snake@@ {

std::string greet(std::string_view who)
{
    return "Hello, " + std::string(who) + "!";
}

} // namespace @@name:snake@@
