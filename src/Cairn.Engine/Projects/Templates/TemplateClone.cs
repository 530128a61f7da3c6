using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Engine.Preparation;
using Cairn.Execution;

namespace Cairn.Engine.Projects.Templates;

/// <summary>
/// Clones the newest commit of a repository that may be anybody's. Nothing of it is executed, nobody is asked for a password, and no file of it reaches the disk before its list was
/// looked at.
/// </summary>
internal sealed class TemplateClone(string url, string target)
{
    private const int GitOutputBytesMax = 1 << 20;

    // Of one file of git's own, in the 512 bytes that `ulimit` counts in: a pack of 256 MiB.
    private const int PackBlocksMax = 256 << 11;

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(5);

    // What leads git to another repository than that which its arguments name.
    private static readonly string[] Misleading =
        ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_TEMPLATE_DIR"];

    private static readonly ImmutableArray<string> Settings =
    [
        "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.autocrlf=false", "-c", "submodule.recurse=false", "-c", "fetch.fsckObjects=true",
        "-c", "credential.interactive=false", "-c", "advice.detachedHead=false",
    ];

    /// <summary>Clones it; false after mistakes, which are added. <c>URL#BRANCH</c> names a branch or tag.</summary>
    public async Task<bool> RunAsync(DiagnosticBag diagnostics, CancellationToken cancellationToken)
    {
        var hash = url.LastIndexOf('#');
        var (repository, branch) = hash < 0 ? (url, null) : (url[..hash], url[(hash + 1)..]);
        await using var host = ProcessHost.Start(new ProcessHostOptions { PidNamespace = false, RunToken = $"template-{Environment.ProcessId}" });
        ImmutableArray<string> clone = ["clone", "--quiet", "--depth=1", "--single-branch", "--no-tags", "--no-checkout", "--no-recurse-submodules", .. branch is null ? ImmutableArray<string>.Empty : [$"--branch={branch}"], "--", repository, target];
        if (await GitAsync(host, clone, diagnostics, cancellationToken) is null
            || await GitAsync(host, ["-C", target, "ls-tree", "-r", "-l", "-z", "HEAD"], diagnostics, cancellationToken) is not { } list)
        {
            return false;
        }

        return Check(Encoding.UTF8.GetString(list), diagnostics) && await GitAsync(host, ["-C", target, "checkout", "--quiet", "HEAD"], diagnostics, cancellationToken) is not null;
    }

    /// <summary>What a git command prints; null after a mistake, which is added.</summary>
    private async Task<byte[]?> GitAsync(ProcessHost host, ImmutableArray<string> arguments, DiagnosticBag diagnostics, CancellationToken cancellationToken)
    {
        var environment = CallerEnvironment.With(
            ("LC_ALL", "C"), ("GIT_TERMINAL_PROMPT", "0"), ("GIT_ASKPASS", "/bin/true"), ("SSH_ASKPASS_REQUIRE", "never"), ("GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh"),
            ("GIT_LFS_SKIP_SMUDGE", "1"), ("GCM_INTERACTIVE", "never"));
        var result = await CommandCapture.RunAsync(
            host,
            new ProcessSpec
            {
                Arguments = ["/bin/sh", "-c", $"ulimit -f {PackBlocksMax.ToString(CultureInfo.InvariantCulture)}; exec git \"$@\"", "git", .. Settings, .. arguments],
                Environment = environment.RemoveAll(static v => Array.IndexOf(Misleading, v.Key) >= 0),
                WorkingDirectory = Path.GetDirectoryName(target)!,
            },
            GitOutputBytesMax,
            Timeout,
            cancellationToken);
        if (result.Succeeded)
        {
            return result.Output;
        }

        var reason = result.Problem ?? Encoding.UTF8.GetString(result.Error).Trim().ReplaceLineEndings("; ");
        diagnostics.Error(DiagnosticCodes.TemplateUnreadable, $"The template `{url}` could not be cloned: {(reason.Length > 0 ? reason : "git ended without a word")}", SourceSpan.None);
        return null;
    }

    /// <summary>Looks at lines of <c>MODE TYPE OBJECT SIZE TAB PATH</c>.</summary>
    private bool Check(string list, DiagnosticBag diagnostics)
    {
        var files = 0;
        var bytes = 0L;
        foreach (var line in list.Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            var words = line[..tab].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var size = long.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
            var problem = words[0] is "100644" or "100755" or "100664" ? TemplateLimits.Problem(files, bytes, size) : words[0] is "120000" ? "is a link, which a template cannot have" : "is another repository, which a template cannot have";
            if (problem is not null)
            {
                diagnostics.Error(DiagnosticCodes.TemplatePath, $"`{url}/{line[(tab + 1)..]}` {problem}", SourceSpan.None);
                return false;
            }

            files++;
            bytes += size;
        }

        return true;
    }
}
