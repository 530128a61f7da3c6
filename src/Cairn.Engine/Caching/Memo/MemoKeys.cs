using System.Text;

using Cairn.Core.Content;
using Cairn.Engine.Preparation;
using Cairn.Store.Files;

namespace Cairn.Engine.Caching.Memo;

/// <summary>The texts that say what a memo holds for. Two that are equal stand for the same circumstances.</summary>
internal static class MemoKeys
{
    /// <summary>Where the memo of a pipeline with its parameters stands, below <c>.cairn</c>.</summary>
    public static string FileName(RunRequest request)
    {
        var text = new StringBuilder(request.PipelineFile);
        AppendParameters(text, request);
        return Path.Combine("memo", Digest.Of(Encoding.UTF8.GetBytes(text.ToString())).Hash[..16]);
    }

    /// <summary>What a plan depends on besides the pipeline's files: this build of Cairn, the request, and which files git tracks.</summary>
    public static string PlanKey(RunRequest request, GitState git)
    {
        var text = new StringBuilder().Append(Build).Append('\n').Append(request.PipelineFile).Append('\n').Append((int)request.UntrustedLint).Append('\n');
        AppendParameters(text, request);
        if (git.Tracked is { } tracked)
        {
            var paths = new StringBuilder();
            foreach (var path in tracked)
            {
                paths.Append(path).Append('\0');
            }

            text.Append(Digest.Of(Encoding.UTF8.GetBytes(paths.ToString())).Hash);
        }

        return text.ToString();
    }

    /// <summary>What actions depend on besides plan and inputs, and which store their results stand in, and whose results count.</summary>
    public static string ActionKey(RunRequest request, string host, string toolchains, string trust, string storeDirectory)
    {
        using var store = DirectoryHandle.Open(storeDirectory);
        var identity = store.TryStat("store.json");
        return $"{Build}\n{request.StepPath}\n{(int)request.Isolation}\n{request.Deterministic}\n{Environment.UserName}\n{host}\n{toolchains}\n{trust}\n{storeDirectory}\n{identity?.Inode} {identity?.ChangedNs}";
    }

    private static string Build { get; } = Hex.Lower(typeof(MemoKeys).Module.ModuleVersionId.ToByteArray());

    private static void AppendParameters(StringBuilder text, RunRequest request)
    {
        if (request.Parameters.IsEmpty)
        {
            return;
        }

        foreach (var parameter in request.Parameters.OrderBy(static p => p.Key, StringComparer.Ordinal))
        {
            text.Append('\n').Append(parameter.Key.Length).Append(':').Append(parameter.Key).Append('=').Append(parameter.Value.Length).Append(':').Append(parameter.Value);
        }
    }
}
