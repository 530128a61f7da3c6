using System.Globalization;
using System.Text;
using System.Text.Json;

using Cairn.Core.Events;
using Cairn.Engine.Handlers;
using Cairn.Testing;

namespace Cairn.Tests.Handlers;

public sealed class WebhookTargetTests
{
    private const string Secret = "0123456789abcdef0123456789abcdef";

    private static readonly DateTimeOffset Now = new(2026, 11, 21, 3, 0, 0, TimeSpan.Zero);
    private static readonly HandlerMessage Message = HandlerMessage.Of(
        new StepStarted { Time = Now, Job = "a \"é\"", Attempt = 1 }, ["step.started"], new HandlerContext("20261121-030000-abcdef", "/p", "host") { Pipeline = "zlib", Branch = "main" }, 7);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Deliver_SignsWhatOpensslFindsRight()
    {
        await using var receiver = TestReceiver.Of(204);
        using var target = Target(receiver.Address, out _);
        Assert.Equal(new DeliveryOutcome.Delivered("204"), await target.DeliverAsync([Message], Cancel));
        var received = Assert.Single(receiver.Received);
        Assert.Equal(("application/json; charset=utf-8", "step.started", Message.Id, "cairn/1.2.3"), (received.Headers["Content-Type"], received.Headers["cairn-event"], received.Headers["webhook-id"], received.Headers["User-Agent"]));
        Assert.Equal(Now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), received.Headers["webhook-timestamp"]);
        using var json = JsonDocument.Parse(received.Body);
        Assert.Equal("a \"é\"", json.RootElement.GetProperty("event").GetProperty("job").GetString());
        Assert.Equal("main", json.RootElement.GetProperty("branch").GetString());

        using var folder = new TemporaryFolder();
        var signed = (byte[])[.. Encoding.ASCII.GetBytes($"{received.Headers["webhook-id"]}.{received.Headers["webhook-timestamp"]}."), .. received.Body];
        await File.WriteAllBytesAsync(folder["signed"], signed, Cancel);
        var openssl = await new Tool("sh", ["-c", $"openssl dgst -sha256 -hmac {Secret} -binary signed | base64"]) { Folder = folder.Path }.RunAsync(Cancel);
        Assert.Equal($"v1,{openssl.Output.Trim()}", received.Headers["webhook-signature"]);
    }

    [Fact]
    public void Sign_HasTheVectorOfStandardWebhooks() =>
        // From the specification's reference libraries: secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw.
        Assert.Equal(
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            WebhookTarget.Sign(Convert.FromBase64String("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "{\"test\": 2432232314}"u8));

    [Theory]
    [InlineData(200, "Delivered")]
    [InlineData(301, "Refused")]
    [InlineData(307, "Refused")]
    [InlineData(400, "Refused")]
    [InlineData(404, "Refused")]
    [InlineData(410, "Refused")]
    [InlineData(408, "Failed")]
    [InlineData(429, "Failed")]
    [InlineData(500, "Failed")]
    [InlineData(503, "Failed")]
    public async Task Deliver_TellsAnswersThatAnotherTryMayChangeFromThoseThatItWillNot(int status, string outcome)
    {
        await using var receiver = TestReceiver.Of(status);
        using var target = Target(receiver.Address, out _);
        Assert.Equal(outcome, (await target.DeliverAsync([Message], Cancel)).GetType().Name);
        // A redirection is not followed, wherever it leads.
        Assert.Equal("/hook", Assert.Single(receiver.Received).Path);
    }

    [Fact]
    public async Task Deliver_TakesHowLongAReceiverAsksToBeLeftAlone()
    {
        await using var receiver = new TestReceiver((_, context, _) =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers["Retry-After"] = "17";
            return Task.CompletedTask;
        });
        using var target = Target(receiver.Address, out _);
        Assert.Equal(new DeliveryOutcome.Failed("it answered 429", TimeSpan.FromSeconds(17)), await target.DeliverAsync([Message], Cancel));
    }

    [Fact]
    public async Task Deliver_GivesUpOnASilentReceiver_AfterItsTimeout()
    {
        await using var receiver = new TestReceiver((_, _, stopped) => Task.Delay(Timeout.Infinite, stopped));
        using var target = Target(receiver.Address, out var time);
        var delivery = target.DeliverAsync([Message], Cancel);
        await Eventually.HoldsAsync(() => !receiver.Received.IsEmpty, "the message arrived", Cancel);
        Assert.False(delivery.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(new DeliveryOutcome.Failed("no answer within 10s"), await Eventually.EndsAsync(delivery, Cancel));
    }

    [Fact]
    public async Task Deliver_ToNobody_SaysSo_WithoutTheAddress()
    {
        Uri address;
        await using (var receiver = TestReceiver.Of(200))
        {
            address = receiver.Address;
        }

        using var target = Target(address, out _);
        Assert.Equal(new DeliveryOutcome.Failed("no connection: refused"), await target.DeliverAsync([Message], Cancel));
    }

    [Fact]
    public async Task Deliver_WithoutItsSecret_SendsNothing()
    {
        await using var receiver = TestReceiver.Of(200);
        var settings = new HandlerSettings.Webhook { Name = "h", Events = [], Address = receiver.Address, Secret = new SecretPlace(null, "MISSING_HOOK") };
        using var target = new WebhookTarget(settings, place => HandlerSecrets.Read(place, static _ => null), "1", TimeProvider.System);
        Assert.Equal(new DeliveryOutcome.Failed("its secret is missing: the variable `MISSING_HOOK` is not set"), await target.DeliverAsync([Message], Cancel));
        Assert.Empty(receiver.Received);
    }

    [Theory]
    [InlineData("0123456789abcdef\n", 16, null)]
    [InlineData("whsec_MDEyMzQ1Njc4OWFiY2RlZmdo", 18, null)]
    [InlineData("whsec_%%", 0, "not base64")]
    [InlineData("short", 0, "shorter than 16 bytes")]
    public void Secret_OfAFile_IsRead(string content, int bytes, string? problem)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("key", content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        if (problem is null)
        {
            Assert.Equal(bytes, HandlerSecrets.Read(new SecretPlace(path, null), static _ => null).Length);
            return;
        }

        var exception = Assert.Throws<IOException>(() => HandlerSecrets.Read(new SecretPlace(path, null), static _ => null));
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("%%", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Secret_ThatOthersMayRead_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("key", Secret);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Contains("chmod 600", Assert.Throws<IOException>(() => HandlerSecrets.Read(new SecretPlace(path, null), static _ => null)).Message, StringComparison.Ordinal);
        Assert.Contains("there is no file", Assert.Throws<IOException>(() => HandlerSecrets.Read(new SecretPlace(folder["none"], null), static _ => null)).Message, StringComparison.Ordinal);
    }

    private static WebhookTarget Target(Uri address, out ManualTime time)
    {
        time = new ManualTime(Now);
        return new WebhookTarget(new HandlerSettings.Webhook { Name = "h", Events = [], Address = address, Secret = new SecretPlace(null, "S") }, static _ => Encoding.UTF8.GetBytes(Secret), "1.2.3", time);
    }
}
