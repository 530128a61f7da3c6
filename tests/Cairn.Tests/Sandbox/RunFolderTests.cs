using Cairn.Store.Layers;
using Cairn.Testing;

namespace Cairn.Tests.Sandbox;

public sealed class RunFolderTests
{
    [Fact]
    public void Make_ClearsDeadRunsAndKeepsLivingOnes()
    {
        using var store = new TemporaryFolder();
        store.Write("sandbox/dead.lock", "/groups/a\n/groups/b\n");
        store.Write("sandbox/dead/7/upper/f", "x");
        store.Write("sandbox/kept/f", "not a run's");
        var cleared = new List<(string, string)>();
        using var living = RunFolder.Make(store.Path, "living", (_, _) => { });
        Assert.False(Directory.Exists(store["sandbox/dead"]));

        store.Write("sandbox/later.lock", "/groups/a\n");
        store.Write("sandbox/later/f", "x");
        using (RunFolder.Make(store.Path, "next", (run, folder) => cleared.Add((run, folder))))
        {
            Assert.Equal([("later", "/groups/a")], cleared);
            Assert.True(Directory.Exists(store["sandbox/living"]) && Directory.Exists(store["sandbox/kept"]));
        }

        Assert.Equal(["kept", "living", "living.lock"], Directory.EnumerateFileSystemEntries(store["sandbox"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }
}
