using System.Security.Cryptography;
using System.Text.Json;

using Cairn.Testing;
using Cairn.Trust.Keys;

namespace Cairn.Tests.Trust;

public sealed class Ed25519Tests
{
    /// <summary>Project Wycheproof's vectors: valid signatures, and what lenient verifiers take.</summary>
    [Fact]
    public void Verify_AgreesWithWycheproof()
    {
        using var vectors = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(SourceTree.Root, "testdata", "trust", "wycheproof-ed25519.json")));
        var (valid, invalid) = (0, 0);
        foreach (var group in vectors.RootElement.GetProperty("testGroups").EnumerateArray())
        {
            var raw = Convert.FromHexString(group.GetProperty("publicKey").GetProperty("pk").GetString()!);
            var key = PublicKey.TryCreate(raw, out var problem);
            Assert.True(key is not null, problem);
            foreach (var test in group.GetProperty("tests").EnumerateArray())
            {
                var message = Convert.FromHexString(test.GetProperty("msg").GetString()!);
                var signature = Convert.FromHexString(test.GetProperty("sig").GetString()!);
                var isValid = test.GetProperty("result").GetString() == "valid";
                Assert.True(key.Verify(message, signature) == isValid, $"Test {test.GetProperty("tcId").GetInt32()}: {test.GetProperty("comment").GetString()}");
                _ = isValid ? valid++ : invalid++;
            }
        }

        Assert.Equal(vectors.RootElement.GetProperty("numberOfTests").GetInt32(), valid + invalid);
        Assert.True(valid > 60 && invalid > 60);
    }

    // RFC 8032, section 7.1.
    [Theory]
    [InlineData("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "", "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72", "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    public void Sign_AgreesWithTheRfc(string seed, string publicKey, string message, string signature)
    {
        using var key = SigningKey.FromSeed(Convert.FromHexString(seed));
        Assert.Equal(publicKey, Convert.ToHexStringLower(key.PublicKey.Raw.AsSpan()));
        Assert.Equal(signature, Convert.ToHexStringLower(key.Sign(Convert.FromHexString(message))));
        Assert.True(key.PublicKey.Verify(Convert.FromHexString(message), Convert.FromHexString(signature)));
    }

    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", "small order")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000", "small order")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "small order")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "small order")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "small order")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", "small order")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "RFC 8032")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000080", "RFC 8032")]
    [InlineData("0200000000000000000000000000000000000000000000000000000000000000", "no point")]
    [InlineData("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f70751", "31 bytes")]
    public void TryCreate_RefusesWhatNobodyShouldTrust(string raw, string why)
    {
        Assert.Null(PublicKey.TryCreate(Convert.FromHexString(raw), out var problem));
        Assert.Contains(why, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_RefusesEveryFlippedBit()
    {
        using var key = SigningKey.FromSeed(RandomNumberGenerator.GetBytes(SigningKey.SeedBytes));
        var message = RandomNumberGenerator.GetBytes(50);
        var signature = key.Sign(message);
        Assert.True(key.PublicKey.Verify(message, signature));
        for (var bit = 0; bit < 8 * signature.Length; bit++)
        {
            signature[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(key.PublicKey.Verify(message, signature));
            signature[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.False(key.PublicKey.Verify(message, signature.AsSpan(0, 63)));
        Assert.False(key.PublicKey.Verify(message.AsSpan(1), signature));
    }

    [Fact]
    public async Task Sign_IsRightFromSeveralThreads()
    {
        using var key = SigningKey.FromSeed(RandomNumberGenerator.GetBytes(SigningKey.SeedBytes));
        await Parallel.ForAsync(0, 400, TestContext.Current.CancellationToken, (i, _) =>
        {
            var message = BitConverter.GetBytes(i);
            Assert.True(key.PublicKey.Verify(message, key.Sign(message)));
            return ValueTask.CompletedTask;
        });
    }
}
