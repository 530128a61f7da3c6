//! Greets.

const std = @import("std");

/// Writes a greeting for someone into a buffer; an error where it does not fit.
pub fn greet(buffer: []u8, who: []const u8) ![]u8 {
    return std.fmt.bufPrint(buffer, "Hello, {s}!", .{who});
}

test "greet names who is greeted" {
    var buffer: [32]u8 = undefined;
    try std.testing.expectEqualStrings("Hello, World!", try greet(&buffer, "World"));
}

test "greet fails where the buffer is too small" {
    var buffer: [4]u8 = undefined;
    try std.testing.expectError(error.NoSpaceLeft, greet(&buffer, "World"));
}
