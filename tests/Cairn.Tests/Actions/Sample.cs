using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Events;

namespace Cairn.Tests.Actions;

/// <summary>Actions and results with everything in them.</summary>
internal static class Sample
{
    public static ActionDescription Description { get; } = new()
    {
        Arguments = ["sh", "-eu", "-c", "make all\nmake check\n"],
        Environment = [new("CC", "gcc"), new("EMPTY", ""), new("LANG", "C.UTF-8")],
        WorkingDirectory = "src",
        Outputs = ["build/**", "!build/tmp/**"],
        Platform = [new("arch", "x86_64"), new("isolation", "process"), new("os", "linux"), new("secret:TOKEN", "deploy-token")],
        InputRoot = Digest.Of("a tree"u8),
    };

    public static ActionResult Result { get; } = new()
    {
        Action = ActionEncoder.Encode(Description).Digest,
        Outputs =
        [
            new("build/app", Digest.Of("app"u8), Executable: true),
            new("build/current", Digest.Empty, Executable: false, "app"),
            new("build/empty", Digest.Empty, Executable: false),
        ],
        Log = Digest.Of("log"u8),
        LogIndex = Digest.Of("index"u8),
        StepOutputs = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create("version", "1.2"), KeyValuePair.Create("empty", "")]),
        Summary = Digest.Of("summary"u8),
        Tests = new TestCounts(5, 1, 0, 2) { FailedNames = ["flaky"] },
        Resources = new ResourceUse(12.5, 3.25, 0, 4_096, 8, 16),
        Origin = new ActionOrigin("20250102-030405-abcd", "build", new DateTimeOffset(2025, 1, 2, 3, 4, 5, 678, TimeSpan.Zero), "host", "/src/project"),
    };
}
