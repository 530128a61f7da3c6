const std = @import("std");
const @@name:snake@@ = @import("@@name:snake@@");

pub fn main() !void {
    var buffer: [64]u8 = undefined;
    std.debug.print("{s}\n", .{try @@name:snake@@.greet(&buffer, "World")});
}
