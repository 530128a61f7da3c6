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
}
