using System.Collections.Immutable;
using System.Text.Json;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Testing;

namespace Cairn.Tests.Actions;

/// <summary>
/// Holds the encoders against <c>testdata/actions/vectors.json</c>, which <c>eng/action-vectors.py</c> wrote without them, against the worked example
/// of the document, and, where it is installed, against <c>protoc</c>.
/// </summary>
public sealed class ActionVectorTests
{
    private static readonly string VectorsPath = Path.Combine(SourceTree.Root, "testdata", "actions", "vectors.json");

    public static TheoryData<string> Actions => Names("actions");

    public static TheoryData<string> Results => Names("results");

    [Theory]
    [MemberData(nameof(Actions))]
    public void Encode_Gives_The_Bytes_And_Digests_Of_The_Vector(string name)
    {
        var vector = Vector("actions", name);
        var encoded = ActionEncoder.Encode(Description(vector));
        Assert.Equal(vector.GetProperty("command").GetString(), Convert.ToHexStringLower(encoded.Command.AsSpan()));
        Assert.Equal(vector.GetProperty("action").GetString(), Convert.ToHexStringLower(encoded.Action.AsSpan()));
        Assert.Equal(vector.GetProperty("commandDigest").GetString(), encoded.CommandDigest.ToString());
        Assert.Equal(vector.GetProperty("actionDigest").GetString(), encoded.Digest.ToString());

        var decoded = ActionDecoder.TryDecode(encoded.Action.AsSpan(), encoded.Command.AsSpan(), out var error);
        Assert.Null(error);
        Assert.NotNull(decoded);
        Assert.Equal(encoded.Digest, ActionEncoder.Encode(decoded).Digest);
        Assert.Empty(ActionDifference.Between(decoded, Description(vector) with { Environment = decoded.Environment, Platform = decoded.Platform }, _ => null, 1).Changes);
    }

    [Theory]
    [MemberData(nameof(Results))]
    public void Encode_Gives_The_Message_Of_The_Vector(string name)
    {
        var vector = Vector("results", name);
        var message = ActionResultEncoder.Encode(Result(vector));
        Assert.Equal(vector.GetProperty("message").GetString(), Convert.ToHexStringLower(message));
        Assert.Equal(vector.GetProperty("digest").GetString(), Digest.Of(message).ToString());
        var decoded = ActionResultDecoder.TryDecode(message, out var error);
        Assert.Null(error);
        Assert.Equal(message, ActionResultEncoder.Encode(decoded!));
    }

    [Fact]
    public void The_Worked_Example_Of_The_Document_Is_A_Vector()
    {
        var vector = Vector("actions", "worked example");
        var document = File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "formats", "action.md"));
        var squeezed = string.Concat(document.Where(c => !char.IsWhiteSpace(c)));
        Assert.All((string[])["command", "action"], name => Assert.Contains(vector.GetProperty(name).GetString()!, squeezed, StringComparison.Ordinal));
        Assert.All((string[])["commandDigest", "actionDigest", "inputRoot"], name => Assert.Contains(vector.GetProperty(name).GetString()!, squeezed, StringComparison.Ordinal));
        var tree = MerkleTree.Of([new("hello.c", new(Digest.Of("hello\n"u8), Executable: false))]);
        Assert.Equal(vector.GetProperty("inputRoot").GetString(), tree.Digest.ToString());
    }

    [Fact]
    public async Task Protoc_Reads_And_Writes_The_Same_Bytes()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var found = await new Tool("/bin/sh", "-c", "command -v protoc").RunAsync(cancellation);
        Assert.SkipUnless(found.ExitCode == 0, "protoc is not installed (apt-get install protobuf-compiler libprotobuf-dev)");
        using var folder = new TemporaryFolder();
        foreach (var vector in Vectors("actions"))
        {
            await CheckAsync(folder, "build.bazel.remote.execution.v2.Command", vector.GetProperty("command").GetString()!);
            await CheckAsync(folder, "build.bazel.remote.execution.v2.Action", vector.GetProperty("action").GetString()!);
        }

        foreach (var vector in Vectors("results"))
        {
            await CheckAsync(folder, "build.bazel.remote.execution.v2.ActionResult", vector.GetProperty("message").GetString()!);
            await CheckAsync(folder, "cairn.v1.Execution", vector.GetProperty("execution").GetString()!);
        }

        var tree = MerkleTree.Of(
        [
            new("run", new(Digest.Of("run"u8), Executable: true)), new("empty", new(Digest.Empty, Executable: false)), new("a/b", new(Digest.Of("b"u8), Executable: false)),
            new("link", new(Digest.Empty, Executable: false, "a/b")), new("\U0001F600", new(Digest.Empty, Executable: false)), new("\uFFFD", new(Digest.Empty, Executable: false)),
        ]);
        var folders = new List<string>();
        tree.Visit(_ => false, (_, bytes) => folders.Add(Convert.ToHexString(bytes.AsSpan())));
        foreach (var bytes in folders)
        {
            await CheckAsync(folder, "build.bazel.remote.execution.v2.Directory", bytes);
        }
    }

    /// <summary>To text and back; no field is unknown, which the text would show as a number.</summary>
    private static async Task CheckAsync(TemporaryFolder folder, string type, string hex)
    {
        var bytes = Convert.FromHexString(hex);
        await File.WriteAllBytesAsync(folder["in"], bytes, TestContext.Current.CancellationToken);
        var script = $"protoc -I proto --decode={type} proto/*.proto <'{folder["in"]}' >'{folder["text"]}' && protoc -I proto --encode={type} --deterministic_output proto/*.proto <'{folder["text"]}' >'{folder["out"]}'";
        var run = await new Tool("/bin/sh", "-c", script) { Folder = SourceTree.Root }.RunAsync(TestContext.Current.CancellationToken);
        Assert.SkipWhen(run.Error.Contains("google/protobuf/any.proto: File not found", StringComparison.Ordinal), "protoc has no google/protobuf (apt-get install libprotobuf-dev)");
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Equal(bytes, await File.ReadAllBytesAsync(folder["out"], TestContext.Current.CancellationToken));
        var text = await File.ReadAllTextAsync(folder["text"], TestContext.Current.CancellationToken);
        Assert.DoesNotMatch("(?m)^ *[0-9]+(:| \\{)", text);
    }

    private static ActionDescription Description(JsonElement vector) => new()
    {
        Arguments = Texts(vector, "arguments"),
        Environment = Pairs(vector, "environment"),
        Platform = Pairs(vector, "platform"),
        WorkingDirectory = vector.GetProperty("workingDirectory").GetString()!,
        Outputs = Texts(vector, "outputs"),
        InputRoot = Digest.Parse(vector.GetProperty("inputRoot").GetString()!, null),
    };

    private static ActionResult Result(JsonElement vector)
    {
        var resources = vector.GetProperty("resources").EnumerateArray().Select(r => r.GetDouble()).ToArray();
        return new ActionResult
        {
            Action = OptionalDigest(vector, "action")!.Value,
            Outputs = [.. vector.GetProperty("outputs").EnumerateArray().Select(Output).OrderBy(o => o.Path, Utf8Order.Instance)],
            Log = OptionalDigest(vector, "log"),
            LogIndex = OptionalDigest(vector, "logIndex"),
            Summary = OptionalDigest(vector, "summary"),
            StepOutputs = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, Pairs(vector, "stepOutputs")),
            Tests = vector.TryGetProperty("tests", out var tests) ? Counts(tests) : null,
            Resources = new ResourceUse(resources[0], resources[1], resources[2], (long)resources[3], (long)resources[4], (long)resources[5]),
            Origin = new ActionOrigin(
                vector.GetProperty("run").GetString()!, vector.GetProperty("job").GetString()!, DateTimeOffset.FromUnixTimeMilliseconds(vector.GetProperty("timeMs").GetInt64()),
                vector.GetProperty("host").GetString()!, vector.GetProperty("project").GetString()!),
        };
    }

    private static OutputFile Output(JsonElement output) => output.TryGetProperty("target", out var target)
        ? new OutputFile(output.GetProperty("path").GetString()!, Digest.Empty, Executable: false, target.GetString())
        : new OutputFile(output.GetProperty("path").GetString()!, OptionalDigest(output, "digest")!.Value, output.GetProperty("executable").GetBoolean());

    private static TestCounts Counts(JsonElement tests)
    {
        var counts = tests.GetProperty("counts").EnumerateArray().Select(c => c.GetInt32()).ToArray();
        return new TestCounts(counts[0], counts[1], counts[2], counts[3]) { FailedNames = Texts(tests, "failedNames") };
    }

    private static Digest? OptionalDigest(JsonElement vector, string name) => vector.TryGetProperty(name, out var text) ? Digest.Parse(text.GetString()!, null) : null;

    private static ImmutableArray<string> Texts(JsonElement vector, string name) => [.. vector.GetProperty(name).EnumerateArray().Select(t => t.GetString()!)];

    private static ImmutableArray<KeyValuePair<string, string>> Pairs(JsonElement vector, string name) =>
        [.. vector.GetProperty(name).EnumerateObject().Select(p => KeyValuePair.Create(p.Name, p.Value.GetString()!))];

    private static TheoryData<string> Names(string kind) => [.. Vectors(kind).Select(v => v.GetProperty("name").GetString()!)];

    private static JsonElement Vector(string kind, string name) => Vectors(kind).Single(v => v.GetProperty("name").GetString() == name);

    private static ImmutableArray<JsonElement> Vectors(string kind)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(VectorsPath));
        return [.. document.RootElement.GetProperty(kind).EnumerateArray().Select(e => e.Clone())];
    }
}
