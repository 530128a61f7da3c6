using System.Text;

using Cairn.Cli.Terminal;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Terminal;

public sealed class AnsiTextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("\e[1;31mred\e[0m", "red")]
    [InlineData("a\e]8;;http://x\e\\link\e]8;;\e\\b", "alinkb")]
    [InlineData("a\e]0;title\ab", "ab")]
    [InlineData("a\e(Bb\eMc", "abc")]
    [InlineData("10%\r20%\r", "20%")]
    [InlineData("spin |\b/", "spin /")]
    [InlineData("ö\b.", ".")]
    [InlineData("a\tb", "a       b")]
    [InlineData("a\u009B31mb\u0085c", "abc")]
    [InlineData("é and £", "é and £")]
    [InlineData("cut \e[3", "cut ")]
    [InlineData("cut \e", "cut ")]
    public void AppendClean_Shows_WhatATerminalWouldEndWith(string line, string expected) => Assert.Equal(expected, Clean(Encoding.UTF8.GetBytes(line), keepColors: false));

    [Fact]
    public void AppendClean_KeepingColors_KeepsNothingElse() =>
        Assert.Equal("\e[38;5;9mred\e[0m", Clean(Encoding.UTF8.GetBytes("\e[38;5;9m\e[2J\e[?25lred\e[1A"), keepColors: true));

    [Fact]
    public void AppendClean_LetsNoControlThrough() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(1000),
        Prop.ForAll(
            Gen.ArrayOf(Gen.OneOf(ArbMap.Default.GeneratorFor<byte>(), Gen.Elements((byte)27, (byte)'[', (byte)']', (byte)'\r', (byte)'\b', (byte)0xC2, (byte)0x9B, (byte)7))).ToArbitrary(),
            bytes =>
            {
                var text = Clean([.. bytes.Where(b => b != '\n')], keepColors: false);
                return !text.Any(char.IsControl);
            }));

    [Fact]
    public void AppendClean_LeavesCleanTextAlone() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), text =>
        {
            var clean = new string([.. text.Get.Where(c => !char.IsControl(c) && !char.IsSurrogate(c))]);
            return string.Equals(Clean(Encoding.UTF8.GetBytes(clean), keepColors: true), clean, StringComparison.Ordinal) && string.Equals(AnsiText.Clean(clean), clean, StringComparison.Ordinal);
        }));

    private static string Clean(byte[] line, bool keepColors)
    {
        var text = new ByteText();
        AnsiText.AppendClean(text, line, keepColors);
        return text.ToString();
    }
}
