using Cairn.Core.Toolchains.Debian;
using Cairn.Testing;

namespace Cairn.Tests.Toolchains;

public sealed class LinkerCacheTests
{
    // In the order of glibc's own `ldconfig -p`.
    [Theory]
    [InlineData("libc.so.6", "libc.so.10")]
    [InlineData("libfoo-1.so", "libfoo-2.so")]
    [InlineData("libfoo.so", "libfoo1.so")]
    [InlineData("liba.so", "libb.so")]
    [InlineData("libfoo", "libfoo.so")]
    public void Compare_OrdersNumbersByValue(string earlier, string later)
    {
        Assert.True(LinkerCache.Compare(earlier, later) < 0);
        Assert.True(LinkerCache.Compare(later, earlier) > 0);
        Assert.Equal(0, LinkerCache.Compare(earlier, earlier));
    }

    [Fact]
    public async Task ToBytes_IsWhatLdconfigReads()
    {
        using var folder = new TemporaryFolder();
        var cache = new LinkerCache("amd64");
        foreach (var name in (ReadOnlySpan<string>)["libz.so.1", "libc.so.6", "libfoo2.so.10", "libfoo2.so.9"])
        {
            cache.Add(name, "/usr/lib/" + name, new ElfLibrary(62, Is64Bit: true, name));
        }

        cache.Add("libother.so.1", "/usr/lib32/libother.so.1", new ElfLibrary(3, Is64Bit: false, null));
        await File.WriteAllBytesAsync(folder["cache"], cache.ToBytes(), TestContext.Current.CancellationToken);
        var result = await new Tool("/sbin/ldconfig", "-p", "-C", folder["cache"]).RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal(
            ["4 libs found in cache", "libz.so.1 (libc6,x86-64) => /usr/lib/libz.so.1", "libfoo2.so.10 (libc6,x86-64) => /usr/lib/libfoo2.so.10", "libfoo2.so.9 (libc6,x86-64) => /usr/lib/libfoo2.so.9", "libc.so.6 (libc6,x86-64) => /usr/lib/libc.so.6"],
            result.Output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(l => l.Replace($" `{folder["cache"]}'", "", StringComparison.Ordinal)).Where(static l => !l.StartsWith("Cache generated", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task TryRead_FindsTheNameOfALibrary()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["x.c"], "int x(void) { return 1; }\n", TestContext.Current.CancellationToken);
        var made = await new Tool("gcc", "-shared", "-Wl,-soname,libx.so.3", "-o", folder["libx.so"], folder["x.c"]).RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, made.ExitCode);

        var content = await File.ReadAllBytesAsync(folder["libx.so"], TestContext.Current.CancellationToken);
        Assert.Equal("libx.so.3", ElfLibrary.TryRead(content)!.Name);
        Assert.Null(ElfLibrary.TryRead("#!/bin/sh"u8));
        for (var length = 0; length < content.Length; length += 37)
        {
            // Whatever is missing: it tells less, and never throws.
            _ = ElfLibrary.TryRead(content.AsSpan(0, length));
        }

        var random = new Random(20);
        for (var i = 0; i < 20_000; i++)
        {
            // Nor whatever is wrong in the headers.
            var damaged = (byte[])content.Clone();
            random.NextBytes(damaged.AsSpan(random.Next(16, 600), random.Next(1, 9)));
            _ = ElfLibrary.TryRead(damaged);
        }
    }
}
