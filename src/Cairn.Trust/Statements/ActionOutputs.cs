using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Trust.Json;

namespace Cairn.Trust.Statements;

/// <summary>
/// Everything that an action left behind as one canonical <c>Directory</c>, whose digest is the first subject of its attestation: <c>outputs/</c> with the declared outputs,
/// <c>log</c>, <c>summary</c>, and <c>values</c>, which is canonical JSON of step outputs and test counts. Times are no part of it: an execution that made the same has the same digest.
/// </summary>
public static class ActionOutputs
{
    /// <summary>Its digest.</summary>
    public static Digest DigestOf(ActionResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var tree = new MerkleTreeBuilder(result.Outputs.Length + 4);
        Add(tree, "log", result.Log);
        foreach (ref readonly var output in result.Outputs.AsSpan())
        {
            tree.Add("outputs/" + output.Path, output.Target is { } target ? new TreeLeaf(Digest.Empty, false, target) : new TreeLeaf(output.Digest, output.Executable));
        }

        Add(tree, "summary", result.Summary);
        if (!result.StepOutputs.IsEmpty || result.Tests is not null)
        {
            Add(tree, "values", Digest.Of(CanonicalJson.Write(ValuesOf(result))));
        }

        return tree.Build().Digest;
    }

    private static JsonValue.Object ValuesOf(ActionResult result)
    {
        var outputs = new JsonObjectBuilder();
        foreach (var (name, value) in result.StepOutputs)
        {
            outputs.Add(name, value);
        }

        return new JsonObjectBuilder().Add("outputs", outputs.Build()).Add("tests", result.Tests is { } tests ? TestsOf(tests) : null).Build();
    }

    private static JsonValue.Object TestsOf(TestCounts tests) => new JsonObjectBuilder()
        .Add("tests", tests.Tests).Add("failures", tests.Failures).Add("errors", tests.Errors).Add("skipped", tests.Skipped)
        .Add("failed", new JsonValue.List([.. tests.FailedNames.Select(static n => (JsonValue)n)])).Build();

    private static void Add(MerkleTreeBuilder tree, string name, Digest? digest)
    {
        if (digest is { } value)
        {
            tree.Add(name, new TreeLeaf(value, false));
        }
    }
}
