using System.Collections.Immutable;

using Cairn.Store.Roots;

namespace Cairn.Tests.Debugging;

/// <summary>Descriptions of kept roots.</summary>
internal static class KeptRootSamples
{
    public static KeptRoot Of(string run, params ImmutableArray<string> layers) => new()
    {
        Format = KeptRoot.CurrentFormat,
        Run = run,
        Job = "build",
        Attempt = 1,
        Project = "/p",
        Time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Reason = "exit 1",
        Layers = layers,
        Mounts = [new KeptMount("/usr", "/usr", Writable: false)],
        Network = "none",
        Hostname = "cairn",
        Umask = 18,
        OpenFiles = 10,
        Processes = 20,
        Environment = ImmutableSortedDictionary<string, string>.Empty.Add("A", "b"),
        SecretVariables = ImmutableSortedDictionary<string, string>.Empty,
        WorkingDirectory = "/work",
        Arguments = ["sh", "-c", "exit 1"],
    };
}
