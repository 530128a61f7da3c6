using System.Text.Json;
using System.Text.Json.Nodes;

using Cairn.Core.Events;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Events;

public sealed class EventTextTests
{
    [Fact]
    public void Serialize_Escapes_AnyText() =>
        Prop.ForAll(ArbMap.Default.ArbFor<string>().Filter(static text => text is not null), static text =>
        {
            var line = RunEventJson.Serialize(Warning(text));
            Assert.All(line, static b => Assert.InRange(b, (byte)0x20, (byte)0x7E));
            using var bySerializer = JsonDocument.Parse(JsonSerializer.SerializeToUtf8Bytes<RunEvent>(Warning(text), RunEventJson.Default.RunEvent));
            return JsonNode.Parse(line)!["message"]!.GetValue<string>() == bySerializer.RootElement.GetProperty("message").GetString();
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("\"\\/\b\f\n\r\t\0\u001F\u007F\u0080\u2028")]
    [InlineData("\uD83D\uDE00 grüße 日本")]
    [InlineData("\uD83D alone, \uDE00 alone, \uDE00\uD83D turned round")]
    [InlineData("")]
    public void Serialize_WritesText_AsTheSerializerDoes(string text)
    {
        var byHand = JsonNode.Parse(RunEventJson.Serialize(Warning(text)))!["message"]!.GetValue<string>();
        using var bySerializer = JsonDocument.Parse(JsonSerializer.SerializeToUtf8Bytes<RunEvent>(Warning(text), RunEventJson.Default.RunEvent));
        Assert.Equal(bySerializer.RootElement.GetProperty("message").GetString(), byHand);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(9_999_999, 330)]
    [InlineData(1_200_000, -210)]
    public void Serialize_WritesInstants_AsTheSerializerDoes(int ticks, int offsetMinutes)
    {
        var time = new DateTimeOffset(2026, 11, 21, 5, 7, 9, TimeSpan.FromMinutes(offsetMinutes)).AddTicks(ticks);
        var warning = Warning("m") with { Time = time };
        using var byHand = JsonDocument.Parse(RunEventJson.Serialize(warning));
        using var bySerializer = JsonDocument.Parse(JsonSerializer.SerializeToUtf8Bytes<RunEvent>(warning, RunEventJson.Default.RunEvent));
        Assert.Equal(bySerializer.RootElement.GetProperty("time").GetString(), byHand.RootElement.GetProperty("time").GetString());
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Serialize_Refuses_WhatIsNoNumber(double value) =>
        Assert.Throws<ArgumentException>(() => RunEventJson.Serialize(new ServiceReady { Time = DateTimeOffset.UnixEpoch, Service = "db", AfterMs = value }));

    private static WarningRaised Warning(string text) => new() { Time = DateTimeOffset.UnixEpoch, Code = "CAIRN0401", Message = text };
}
