const std = @import("std");

pub fn build(b: *std.Build) void {
    const target = b.standardTargetOptions(.{});
    const optimize = b.standardOptimizeOption(.{});
    const library = b.addModule("@@name:snake@@", .{
        .root_source_file = b.path("src/root.zig"),
        .target = target,
        .optimize = optimize,
    });
@@if kind=app@@

    const program = b.addExecutable(.{
        .name = "@@name@@",
        .root_module = b.createModule(.{
            .root_source_file = b.path("src/main.zig"),
            .target = target,
            .optimize = optimize,
        }),
    });
    program.root_module.addImport("@@name:snake@@", library);
    b.installArtifact(program);
    b.step("run", "Run the program").dependOn(&b.addRunArtifact(program).step);
@@else@@

    b.installArtifact(b.addLibrary(.{ .name = "@@name@@", .root_module = library }));
@@end@@

    const tests = b.addTest(.{ .root_module = library });
    b.step("test", "Run the tests").dependOn(&b.addRunArtifact(tests).step);
}
