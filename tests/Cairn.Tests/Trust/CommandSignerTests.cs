using System.Security.Cryptography;

using Cairn.Engine.Trust;
using Cairn.Testing;
using Cairn.Tests.Actions;
using Cairn.Trust.Keys;

namespace Cairn.Tests.Trust;

public sealed class CommandSignerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SigningKey _key = TestSeal.Key(1);

    public void Dispose()
    {
        _folder.Dispose();
        _key.Dispose();
    }

    /// <summary>A foreign tool with the key: all that Cairn has is the public one.</summary>
    private string OpenSsl(string how)
    {
        _folder.Write("key.pem", KeyPem.WritePrivate(_key));
        return Script($"openssl pkeyutl -sign -rawin -inkey '{_folder["key.pem"]}' -in /dev/stdin {how}");
    }

    private string Script(string body)
    {
        var path = _folder[$"signer-{Guid.NewGuid():N}"];
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private CommandSigner Signer(string script, TimeSpan? timeout = null) => new("token", _key.PublicKey, [script, "argument"], _folder["scratch"], timeout);

    [Theory]
    [InlineData("")]
    [InlineData("| base64 -w0")]
    [InlineData("| base64 -w0 && echo")]
    public void Sign_ByOpenSsl_IsTheKeysSignature(string encoded)
    {
        using var signer = Signer(OpenSsl(encoded));
        foreach (var message in (byte[][])[[.. "what is signed"u8], [.. Enumerable.Range(0, 200_000).Select(static i => (byte)i)]])
        {
            Assert.Equal(_key.Sign(message), signer.Sign(message));
        }

        Assert.Empty(Directory.GetFiles(_folder["scratch"]));
    }

    [Theory]
    [InlineData("echo 'no token inserted' >&2; exit 3", "ended with exit 3: no token inserted")]
    [InlineData("cat >/dev/null", "printed 0 bytes, not 64 or their base64")]
    [InlineData("head -c 64 /dev/zero", "is not its signature of the message")]
    [InlineData("head -c 64 /dev/zero | base64 -w0", "is not its signature of the message")]
    [InlineData("head -c 65 /dev/zero", "printed 65 bytes")]
    [InlineData("head -c 100000 /dev/zero", "printed more than 4,096 bytes")]
    [InlineData("kill -TERM $$; sleep 5", "ended by signal 15")]
    public void Sign_SaysWhyNot(string body, string why)
    {
        using var signer = Signer(Script(body));
        var message = Assert.Throws<CryptographicException>(() => signer.Sign("message"u8)).Message;
        Assert.StartsWith("The key `token` does not sign: ", message, StringComparison.Ordinal);
        Assert.Contains(why, message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder["scratch"]));
    }

    [Fact]
    public void Sign_OfAnotherMessage_IsRefused()
    {
        File.WriteAllBytes(_folder["signature"], _key.Sign("another"u8));
        using var signer = Signer(Script($"cat '{_folder["signature"]}'"));
        Assert.Contains("is not its signature", Assert.Throws<CryptographicException>(() => signer.Sign("message"u8)).Message, StringComparison.Ordinal);
        Assert.Equal(_key.Sign("another"u8), signer.Sign("another"u8));
    }

    [Fact]
    public void Sign_EndsAfterItsTime_AndWhereThereIsNoProgram()
    {
        using var slow = Signer(Script("sleep 30"), TimeSpan.FromMilliseconds(200));
        Assert.Contains("took longer than", Assert.Throws<CryptographicException>(() => slow.Sign("message"u8)).Message, StringComparison.Ordinal);
        using var missing = Signer(_folder["nothing"]);
        Assert.Contains("nothing", Assert.Throws<CryptographicException>(() => missing.Sign("message"u8)).Message, StringComparison.Ordinal);
    }
}
