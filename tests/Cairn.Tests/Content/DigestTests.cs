using Cairn.Core.Content;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Content;

public sealed class DigestTests
{
    private const string Hello = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

    [Fact]
    public void Of_Is_Sha256_And_Size()
    {
        var digest = Digest.Of("hello\n"u8);
        Assert.Equal((Hello, 6, Hello + "/6"), (digest.Hash, digest.SizeBytes, digest.ToString()));
        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/0", Digest.Empty.ToString());
    }

    [Theory]
    [InlineData(Hello + "/6", true)]
    [InlineData(Hello + "/0", true)]
    [InlineData(Hello + "/9223372036854775807", true)]
    [InlineData(Hello + "/9223372036854775808", false)]
    [InlineData(Hello + "/06", false)]
    [InlineData(Hello + "/+6", false)]
    [InlineData(Hello + "/-6", false)]
    [InlineData(Hello + "/ 6", false)]
    [InlineData(Hello + "/", false)]
    [InlineData(Hello, false)]
    [InlineData("A" + "891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03/6", false)]
    [InlineData("g891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03/6", false)]
    [InlineData("891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03/6", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void TryParse_Is_Strict(string? text, bool expected)
    {
        Assert.Equal(expected, Digest.TryParse(text, null, out var digest));
        Assert.Equal(expected ? text : default(Digest).ToString(), digest.ToString());
    }

    [Fact]
    public void Parse_Undoes_ToString() => Check.QuickThrowOnFailure(Prop.ForAll(Gen.ArrayOf(Gen.Choose(0, 255).Select(i => (byte)i), 32).ToArbitrary(), Gen.Choose(0, int.MaxValue).ToArbitrary(), (hash, size) =>
    {
        var digest = new Digest(hash, size);
        Span<byte> copy = stackalloc byte[Digest.HashBytes];
        digest.CopyHashTo(copy);
        return Digest.Parse(digest.ToString(), null) == digest && copy.SequenceEqual(hash) && digest.Hash == Convert.ToHexStringLower(hash);
    }));
}
