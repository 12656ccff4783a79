//! Doing things at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;

/// How long anything may take that ends by itself.
const DEADLINE: Duration = Duration::from_secs(60);

/// Begins `count` tasks at one barrier and returns their answers in order.
pub(crate) async fn together<T, F>(count: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    let tasks: Vec<_> = (0..count)
        .map(|i| {
            let (barrier, task) = (Arc::clone(&barrier), task(i));
            tokio::spawn(async move {
                barrier.wait().await;
                task.await
            })
        })
        .collect();
    let all = async {
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        answers
    };
    tokio::time::timeout(DEADLINE, all).await.expect("the tasks end")
}
