using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Toolchains.Debian;

namespace Cairn.Execution.Toolchains.Debian;

/// <summary>
/// Where the machine gets packages from, by the configuration of apt: packages are fetched from there and nowhere else, so that neither a pipeline nor a lock can name a place.
/// </summary>
public sealed class AptConfiguration
{
    private readonly AptSettings _settings;
    private readonly IReadOnlyDictionary<string, string> _environment;

    private AptConfiguration(string folder, AptSettings settings, IReadOnlyDictionary<string, string> environment, ImmutableArray<AptSource> sources, ImmutableArray<string> keyrings)
    {
        Folder = folder;
        _settings = settings;
        _environment = environment;
        Sources = sources;
        Keyrings = keyrings;
    }

    /// <summary>The folder of the configuration on every machine that has one.</summary>
    public const string DefaultFolder = "/etc/apt";

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The sources in the order of the files and of the lines in them.</summary>
    public ImmutableArray<AptSource> Sources { get; }

    /// <summary>The keys that apt trusts for sources which name none.</summary>
    public ImmutableArray<string> Keyrings { get; }

    /// <summary>Reads it; a machine without apt has no sources. Throws <see cref="ToolchainException"/> where a file cannot be read.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="environment">The caller's environment, which may name proxies.</param>
    public static AptConfiguration Read(string folder, IReadOnlyDictionary<string, string> environment)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(environment);
        var settings = new AptSettings();
        var sources = ImmutableArray.CreateBuilder<AptSource>();
        foreach (var file in FilesOf(folder, "apt.conf.d", "", ".conf").Append($"{folder}/apt.conf"))
        {
            if (TryRead(file) is { } text)
            {
                settings.Read(text);
            }
        }

        foreach (var file in FilesOf(folder, "sources.list.d", ".list", ".sources").Prepend($"{folder}/sources.list"))
        {
            if (TryRead(file) is not { } text)
            {
                continue;
            }

            try
            {
                sources.AddRange(file.EndsWith(".sources", StringComparison.Ordinal) ? AptSources.ReadParagraphs(text, file) : AptSources.ReadList(text, file));
            }
            catch (FormatException exception)
            {
                throw new ToolchainException($"`{file}` cannot be read: {exception.Message}", inner: exception) { Code = DiagnosticCodes.ToolchainNoSource };
            }
        }

        var keyrings = FilesOf(folder, "trusted.gpg.d", ".gpg", ".asc").Prepend($"{folder}/trusted.gpg").Where(File.Exists);
        return new AptConfiguration(folder, settings, environment, sources.DrainToImmutable(), [.. keyrings]);
    }

    /// <summary>The proxy for an address; null for none.</summary>
    public Uri? ProxyOf(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var setting = _settings[$"Acquire::{address.Scheme}::Proxy::{address.Host}"] ?? _settings[$"Acquire::{address.Scheme}::Proxy"]
            ?? (address.Scheme is "https" ? _settings[$"Acquire::http::Proxy::{address.Host}"] ?? _settings["Acquire::http::Proxy"] : null);
        if (setting is null && !IsExempt(address.Host))
        {
            setting = _environment.GetValueOrDefault($"{address.Scheme}_proxy") ?? _environment.GetValueOrDefault("all_proxy");
        }

        return setting is null or "" or "DIRECT" or "false" ? null : Uri.TryCreate(setting, UriKind.Absolute, out var proxy) ? proxy : null;
    }

    private bool IsExempt(string host)
    {
        foreach (var exempt in (_environment.GetValueOrDefault("no_proxy") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (exempt is "*" || host.Equals(exempt.TrimStart('.'), StringComparison.OrdinalIgnoreCase) || host.EndsWith("." + exempt.TrimStart('.'), StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The files of a folder that apt reads: those with a name that ends so (or has no extension), in the order of their names.</summary>
    private static IEnumerable<string> FilesOf(string folder, string below, params string[] endings)
    {
        var path = $"{folder}/{below}";
        return !Directory.Exists(path) ? [] : Directory.GetFiles(path).Where(file => Array.IndexOf(endings, Path.GetExtension(file)) >= 0).Order(StringComparer.Ordinal);
    }

    private static string? TryRead(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllText(file) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ToolchainException($"`{file}` cannot be read: {exception.Message}", inner: exception) { Code = DiagnosticCodes.ToolchainNoSource };
        }
    }
}
