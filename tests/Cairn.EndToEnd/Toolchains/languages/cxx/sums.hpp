#pragma once

#include <numeric>
#include <vector>

inline long sum(const std::vector<long> &numbers)
{
    return std::accumulate(numbers.begin(), numbers.end(), 0L);
}
