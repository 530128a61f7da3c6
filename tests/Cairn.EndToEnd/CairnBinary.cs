using Cairn.Testing;

namespace Cairn.EndToEnd;

/// <summary>The built <c>cairn</c> that the tests run: <c>CAIRN_BINARY</c>, or the last build of <c>./cairn</c>.</summary>
internal static class CairnBinary
{
    public static string Path { get; } = Find();

    private static string Find()
    {
        var given = Environment.GetEnvironmentVariable("CAIRN_BINARY");
        var path = System.IO.Path.GetFullPath(string.IsNullOrEmpty(given) ? System.IO.Path.Combine(SourceTree.Root, "artifacts/launcher/current/cairn") : given);
        return File.Exists(path) ? path : throw new FileNotFoundException("No built cairn: run ./cairn version first, or set CAIRN_BINARY", path);
    }
}
