//! Work that goes on when whoever waits for it goes away.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::runtime::Handle;

/// Runs where it is awaited, as any future; dropped before its end, it is finished by a task of its own. A task for each
/// would do the same, and cost every request a way through the scheduler and back.
pub(crate) struct Outliving<F>(Option<Pin<Box<F>>>)
where
    F: Future<Output: Send> + Send + 'static;

/// Makes `work` outlive whoever waits for it.
pub(crate) fn outliving<F>(work: F) -> Outliving<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    Outliving(Some(Box::pin(work)))
}

impl<F> Future for Outliving<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Some(work) = &mut self.0 else { return Poll::Pending };
        let output = ready!(work.as_mut().poll(cx));
        self.0 = None;
        Poll::Ready(output)
    }
}

impl<F> Drop for Outliving<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn drop(&mut self) {
        // What panicked is over, and where no runtime is left nothing can go on.
        if let (Some(work), false, Ok(runtime)) = (self.0.take(), std::thread::panicking(), Handle::try_current()) {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::outliving;
    use std::{future::poll_fn, task::Poll};
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn it_gives_what_its_work_gives() {
        assert_eq!(outliving(async { 7 }).await, 7);
    }

    #[tokio::test]
    async fn it_ends_though_nobody_waits() {
        let (go, gone) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        let mut work = Box::pin(outliving(async move {
            let _ = gone.await;
            let _ = tell.send("done");
        }));
        assert!(poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await.is_pending());
        drop(work);
        go.send(()).unwrap();
        assert_eq!(told.await, Ok("done"));
    }
}
