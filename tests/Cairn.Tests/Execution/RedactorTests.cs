using System.Buffers;
using System.Collections.Immutable;
using System.Text;

using Cairn.Execution;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Execution;

public sealed class RedactorTests
{
    [Theory]
    [InlineData("say hunter2 twice: hunter2", "say *** twice: ***")]
    [InlineData("hunter", "hunter")]
    [InlineData("hunhunter2", "hun***")]
    [InlineData("hunter2hunter2", "***")]
    [InlineData("p/w?d 1&x", "***")]
    [InlineData("p%2Fw%3Fd%201%26x", "***")]
    [InlineData("p%2fw%3fd%201%26x", "***")]
    [InlineData("q=p%2Fw%3Fd+1%26x;", "q=***;")]
    [InlineData("first line", "***")]
    [InlineData("a second line b", "a *** b")]
    [InlineData("abc", "abc")]
    public void Transform_MasksEveryForm(string text, string expected) =>
        Assert.Equal(expected, Mask(["hunter2", "p/w?d 1&x", "first line\nsecond line\nabc\n", "abc"], text, [text.Length]));

    [Fact]
    public void Transform_MasksBase64_AtEveryAlignment_InBothAlphabets()
    {
        // Bytes that need `+` and `/` in base64.
        const string Secret = "~~?>>\u00ff\u00fbsecret??";
        foreach (var before in new[] { "", "a", "ab", "abc", "user:" })
        {
            foreach (var after in new[] { "", "z", "zz", "zzz" })
            {
                var standard = Convert.ToBase64String(Encoding.UTF8.GetBytes(before + Secret + after));
                foreach (var text in new[] { standard, standard.Replace('+', '-').Replace('/', '_') })
                {
                    var masked = Mask([Secret], text, [text.Length]);
                    Assert.Contains("***", masked, StringComparison.Ordinal);

                    // What is left are the neighbours' digits and at most one shared digit at each end, with padding.
                    var rest = masked.Replace("***", "", StringComparison.Ordinal).TrimEnd('=');
                    Assert.True(rest.Length <= ((before.Length + after.Length) * 8 / 6) + 2, $"{masked} leaves too much of {text}");
                }
            }
        }
    }

    [Theory]
    [InlineData("hunter2")]
    [InlineData("hunter22")]
    [InlineData("hunter222")]
    public void Transform_MasksTheLastDigitOfBase64_WhereNothingOrANewlineFollows(string secret)
    {
        foreach (var text in new[] { secret, secret + "\n" })
        {
            var digits = Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
            Assert.Equal("***", Mask([secret], digits, [digits.Length]));
        }
    }

    [Fact]
    public void Transform_HoldsBackOnlyWhatMayBecomeASecret()
    {
        var redactor = new Redactor(SecretPatterns.Compile(["hunter2"]));
        var output = new ArrayBufferWriter<byte>();
        redactor.Transform("Password? "u8, output);
        Assert.Equal("Password? ", Encoding.UTF8.GetString(output.WrittenSpan));
        redactor.Transform("hunt"u8, output);
        Assert.Equal(4, redactor.HeldBytes);
        redactor.Transform("s"u8, output);
        Assert.Equal("Password? hunts", Encoding.UTF8.GetString(output.WrittenSpan));
        redactor.Transform("hunter2"u8, output);
        Assert.Equal("Password? hunts***", Encoding.UTF8.GetString(output.WrittenSpan));
        redactor.Transform("h"u8, output);
        redactor.Flush(output);
        Assert.Equal("Password? hunts***h", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("abc", true)]
    [InlineData("äb", true)]
    [InlineData("äöü", false)]
    [InlineData("abcd", false)]
    public void IsTooShort_CountsBytes(string secret, bool expected) => Assert.Equal(expected, SecretPatterns.IsTooShort(secret));

    [Fact]
    public void Transform_EqualsTheNaiveReference_HoweverTheInputIsCut()
    {
        // Few letters, so that secrets overlap, nest and nearly match all the time; none of their base64 forms can occur in such text.
        var text = Gen.Elements('a', 'b', 'c').ListOf().Select(letters => string.Concat(letters)).Resize(300);
        var secret = Gen.Choose(4, 9).SelectMany(n => Gen.Elements('a', 'b', 'c').ListOf(n)).Select(letters => string.Concat(letters));
        var cuts = Gen.Choose(1, 12).ListOf(40);
        var cases =
            from secrets in Gen.Choose(0, 5).SelectMany(n => secret.ListOf(n))
            from body in text
            from plant in Gen.Choose(0, 3)
            from sizes in cuts
            select (Secrets: secrets.ToImmutableArray(), Text: body + string.Concat(secrets.Take(plant)) + body, Sizes: sizes.ToArray());
        Prop.ForAll(cases.ToArbitrary(), c => Assert.Equal(Naive(c.Secrets, c.Text), Mask(c.Secrets, c.Text, c.Sizes)))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));
    }

    private static string Mask(ImmutableArray<string> secrets, string text, int[] sizes)
    {
        var redactor = new Redactor(SecretPatterns.Compile(secrets));
        var output = new ArrayBufferWriter<byte>();
        ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes(text);
        for (var i = 0; !rest.IsEmpty; i++)
        {
            var n = Math.Min(sizes[i % sizes.Length], rest.Length);
            redactor.Transform(rest[..n], output);
            rest = rest[n..];
        }

        redactor.Flush(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static string Naive(ImmutableArray<string> secrets, string text)
    {
        var masked = new bool[text.Length];
        foreach (var secret in secrets)
        {
            for (var at = text.IndexOf(secret, StringComparison.Ordinal); at >= 0; at = text.IndexOf(secret, at + 1, StringComparison.Ordinal))
            {
                masked.AsSpan(at, secret.Length).Fill(true);
            }
        }

        var result = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            _ = !masked[i] ? result.Append(text[i]) : i == 0 || !masked[i - 1] ? result.Append("***") : result;
        }

        return result.ToString();
    }
}
