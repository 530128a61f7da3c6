using Cairn.Store.Files;
using Cairn.Testing;

namespace Cairn.Tests.Files;

public sealed class FileLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TryAcquire_Gives_TheLockToOneAtATime()
    {
        var path = _folder["lock"];
        Assert.False(FileLock.IsHeld(path));
        using (var first = FileLock.TryAcquire(path, "first"))
        {
            Assert.NotNull(first);
            Assert.Null(FileLock.TryAcquire(path, "second"));
            Assert.True(FileLock.IsHeld(path));
            Assert.Equal("first", FileLock.ReadHolder(path));
        }

        Assert.False(FileLock.IsHeld(path));
        using var third = FileLock.TryAcquire(path, "3");
        Assert.NotNull(third);
        Assert.Equal("3", FileLock.ReadHolder(path));
    }

    [Fact]
    public async Task AcquireAsync_Waits_AndSaysForWhom()
    {
        var path = _folder["lock"];
        var first = FileLock.TryAcquire(path, "the first")!;
        string? holder = null;
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var second = FileLock.AcquireAsync(
            path,
            "second",
            h =>
            {
                holder = h;
                waiting.SetResult();
            },
            TimeProvider.System,
            TestContext.Current.CancellationToken);
        await waiting.Task;
        Assert.Equal("the first", holder);
        Assert.False(second.IsCompleted);
        first.Dispose();
        using var acquired = await second;
        Assert.Equal("second", FileLock.ReadHolder(path));
    }

    [Fact]
    public async Task AcquireAsync_GivesUp_WhenCancelled()
    {
        var path = _folder["lock"];
        using var first = FileLock.TryAcquire(path, "first");
        using var cancel = new CancellationTokenSource();
        var waiting = FileLock.AcquireAsync(path, "second", _ => cancel.Cancel(), TimeProvider.System, cancel.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }
}
