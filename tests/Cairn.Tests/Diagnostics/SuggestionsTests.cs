using Cairn.Core.Diagnostics;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Diagnostics;

public sealed class SuggestionsTests
{
    private static readonly string[] Keys = ["run", "command", "uses", "needs", "inputs", "outputs", "timeout", "retries", "working_directory", "if", "matrix"];

    [Theory]
    [InlineData("need", "needs")]
    [InlineData("nedes", "needs")]
    [InlineData("Timeout", "timeout")]
    [InlineData("working-directory", "working_directory")]
    [InlineData("workingdir", null)]
    [InlineData("rn", "run")]
    [InlineData("input", "inputs")]
    [InlineData("ouptuts", "outputs")]
    [InlineData("comand", "command")]
    [InlineData("x", null)]
    [InlineData("", null)]
    [InlineData("docker", null)]
    [InlineData("fi", "if")]
    public void Nearest_Finds_WhatWasMeant(string text, string? expected) => Assert.Equal(expected, Suggestions.Nearest(text, Keys));

    [Fact]
    public void Nearest_Prefers_TheFewestChanges() => Assert.Equal("build", Suggestions.Nearest("buidl", ["builds", "build", "guild"]));

    [Fact]
    public void Distance_IsSymmetric_AndZeroOnlyForEquals() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(ShortText(), ShortText(), (left, right) =>
        {
            var distance = Suggestions.Distance(left, right);
            Assert.Equal(distance, Suggestions.Distance(right, left));
            Assert.Equal(string.Equals(left, right, StringComparison.Ordinal), distance == 0);
            Assert.InRange(distance, Math.Abs(left.Length - right.Length), Math.Max(left.Length, right.Length));
        }));

    private static Arbitrary<string> ShortText() => Gen.Elements('a', 'b', 'c').ListOf().Select(chars => string.Concat(chars.Take(20))).ToArbitrary();
}
