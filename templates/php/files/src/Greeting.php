<?php

declare(strict_types=1);

namespace @@name:pascal@@;

/** Greets. */
final class Greeting
{
    /** A greeting for someone. */
    public static function for(string $who): string
    {
        return "Hello, {$who}!";
    }
}
