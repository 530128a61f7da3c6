#pragma once

#include <string>
#include <string_view>

namespace @@name:snake@@ {

/// A greeting for someone.
std::string greet(std::string_view who);

} // namespace @@name:snake@@
