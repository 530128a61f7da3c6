using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Testing;
using Cairn.Tests.Language;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Json;
using Cairn.Trust.Keys;
using Cairn.Trust.Statements;

namespace Cairn.Tests.Trust;

public sealed class ActionProvenanceTests
{
    private static readonly ActionDescription Action = new()
    {
        Arguments = ["sh", "-eu", "-c", "cc -o hello hello.c\n"],
        Environment = [new("LANG", "C.UTF-8"), new("ÄPFEL", "1"), new("\U0001F600", "2"), new("\uFB33", "3")],
        WorkingDirectory = "src",
        Outputs = ["hello", "!hello.o"],
        Platform = [new("arch", "x86_64"), new("isolation", "sandbox"), new("os", "linux"), new("toolchain", Digest.Of("tree"u8).ToString())],
        InputRoot = Digest.Of("inputs"u8),
    };

    private static readonly ExecutionDetails Details = new()
    {
        BuilderId = "https://cairn.build/builder/local/v1",
        Version = "0.1.0",
        Started = new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero),
        Tier = "branch",
        Inputs = [new string('e', 64)],
    };

    private static ActionResult Result => new()
    {
        Action = ActionEncoder.Encode(Action).Digest,
        Outputs = [new OutputFile("hello", Digest.Of("hello"u8), Executable: true), new OutputFile("link", Digest.Empty, Executable: false, "hello")],
        Log = Digest.Of("log"u8),
        StepOutputs = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("version", "1.2"),
        Tests = new TestCounts(3, 0, 0, 1),
        Resources = new ResourceUse(12.5, 10, 1, 1000, 1, 2),
        Origin = new ActionOrigin("run", "build", Details.Started.AddSeconds(1), "host", "/project"),
    };

    private static Statement Written => ActionProvenance.Write(Action, Result, [new ResolvedDependency("gcc", "pkg:deb/debian/gcc@12", new string('f', 64))], Details);

    /// <summary>What was signed once must be read for ever: these bytes do not change.</summary>
    [Fact]
    public void Write_IsTheGoldenVector()
    {
        using var key = SigningKey.FromSeed([.. Enumerable.Range(1, SigningKey.SeedBytes).Select(static i => (byte)i)]);
        Samples.AssertGolden(Path.Combine(SourceTree.Root, "testdata", "trust", "action-provenance.json"), System.Text.Encoding.UTF8.GetString(Written.ToJson()) + "\n");
        Samples.AssertGolden(Path.Combine(SourceTree.Root, "testdata", "trust", "action-envelope.json"), System.Text.Encoding.UTF8.GetString(Envelope.Sign(Envelope.InTotoType, [.. Written.ToJson()], key).ToJson()) + "\n");
    }

    /// <summary>The same with several toolchains, one of the machine, and a secret; what is not known of an execution is left out.</summary>
    [Fact]
    public void Write_NamesToolchainsPathsOfTheMachineAndSecrets()
    {
        var action = Action with
        {
            Platform =
            [
                new("arch", "x86_64"), new("host-path:/opt/sdk", Digest.Of("sdk"u8).ToString()), new("isolation", "sandbox"), new("network", "none"), new("os", "linux"), new("secret:TOKEN", "upload"),
                new("toolchain", $"{Digest.Of("one"u8)} {Digest.Of("two"u8)}"),
            ],
        };
        var result = Result with { Action = ActionEncoder.Encode(action).Digest, Resources = new ResourceUse(12.5, 10, 1, 0, 1, 2) };
        var statement = ActionProvenance.Write(action, result, [new ResolvedDependency("pool/main/g/gcc-12/gcc-12_12.2.0-14_amd64.deb", "pkg:deb/debian/gcc-12@12.2.0-14?arch=amd64&distro=bookworm", new string('f', 64))], Details with { BuilderId = BuilderIds.OfLocal(action.Platform) });
        Samples.AssertGolden(Path.Combine(SourceTree.Root, "testdata", "trust", "action-toolchains.json"), System.Text.Encoding.UTF8.GetString(statement.ToJson()) + "\n");
        var dependencies = Assert.IsType<JsonValue.List>(((JsonValue.Object)statement.Predicate["buildDefinition"]!)["resolvedDependencies"]).Items;
        Assert.Equal(
            ["inputs", "host-path:/opt/sdk", "toolchain", "toolchain", "pool/main/g/gcc-12/gcc-12_12.2.0-14_amd64.deb"], dependencies.Select(static d => ((JsonValue.Object)d).TextOf("name")!));
        Assert.Equal(result.Action, ActionEncoder.Encode(ActionProvenance.TryReadAction(Statement.TryRead(statement.ToJson(), out _)!, out _)!).Digest);
        var resources = (JsonValue.Object)((JsonValue.Object)((JsonValue.Object)statement.Predicate["runDetails"]!)["metadata"]!)["cairn_resources"]!;
        Assert.Null(resources["maxRssKib"]);
    }

    [Fact]
    public void TryReadAction_GivesTheActionBack()
    {
        var statement = Statement.TryRead(Written.ToJson(), out var problem);
        Assert.Null(problem);
        var action = ActionProvenance.TryReadAction(statement!, out problem);
        Assert.Null(problem);
        Assert.Equal(Result.Action, ActionEncoder.Encode(action!).Digest);
        Assert.Equal(Written.ToJson(), ActionProvenance.Write(action!, Result, [new ResolvedDependency("gcc", "pkg:deb/debian/gcc@12", new string('f', 64))], Details).ToJson());
    }

    [Fact]
    public void Subjects_ChangeWithWhateverTheActionLeft()
    {
        var result = Result;
        ActionResult[] others =
        [
            result with { Outputs = [result.Outputs[0] with { Executable = false }, result.Outputs[1]] },
            result with { Outputs = [result.Outputs[0], result.Outputs[1] with { Target = "other" }] },
            result with { Outputs = [result.Outputs[0]] },
            result with { Outputs = [result.Outputs[0] with { Path = "hallo" }, result.Outputs[1]] },
            result with { Log = null },
            result with { Log = Digest.Of("other"u8) },
            result with { Summary = Digest.Of("log"u8) },
            result with { StepOutputs = result.StepOutputs.SetItem("version", "1.3") },
            result with { Tests = new TestCounts(3, 1, 0, 0) },
        ];
        var digests = others.Append(result).Select(ActionOutputs.DigestOf).ToArray();
        Assert.Equal(digests.Length, digests.Distinct().Count());
    }

    [Fact]
    public void Definition_IsAFunctionOfTheAction()
    {
        var other = ActionProvenance.Write(
            Action, Result with { Origin = new ActionOrigin("other", "job", Details.Started, "elsewhere", "/other"), Resources = new ResourceUse(0, 0, 0, 0, 0, 0) }, [], Details with { BuilderId = "b", Inputs = [], Version = "9" });
        var same = ActionProvenance.Write(Action, Result, [], Details);
        Assert.Equal(CanonicalJson.Write(same.Predicate["buildDefinition"]!), CanonicalJson.Write(other.Predicate["buildDefinition"]!));
        Assert.NotEqual(same.ToJson(), other.ToJson());
    }
}
