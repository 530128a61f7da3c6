<?php

declare(strict_types=1);

function total(int ...$numbers): int
{
    return array_sum($numbers);
}
