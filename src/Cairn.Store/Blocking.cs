namespace Cairn.Store;

/// <summary>Waiting for a task from code that is synchronous because it is: on a thread that waits for nobody else, so that the task can always go on.</summary>
public static class Blocking
{
    /// <summary>The task's result; throws what it threw.</summary>
    public static T Wait<T>(Task<T> task)
    {
        Wait((Task)task);
#pragma warning disable VSTHRD002 // It is complete.
        return task.GetAwaiter().GetResult();
    }

    /// <summary>Returns when the task is complete; throws what it threw.</summary>
    public static void Wait(Task task)
    {
        _ = ((IAsyncResult)task).AsyncWaitHandle.WaitOne();
        task.GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
    }

    /// <summary>Begins work that somebody will wait for, on a thread of its own: who waits may hold the last thread of the pool.</summary>
    public static Task<T> BeginAsync<T>(Func<T> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);

    /// <inheritdoc cref="BeginAsync{T}"/>
    public static Task BeginAsync(Action work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
}
