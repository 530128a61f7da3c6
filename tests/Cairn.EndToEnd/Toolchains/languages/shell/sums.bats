@test "sums" {
    [ "$(sh sums.sh 1 2)" = 3 ]
}
