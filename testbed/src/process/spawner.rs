//! The one thread that starts all children.
//!
//! The kernel ties a parent-death signal to the *thread* that forked, not to its process. The test
//! runner gives each test a thread of its own, and a shared server must not die with the first
//! test that needed it. So one thread, which never ends, does all the forking.

use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

struct Order {
    command: Command,
    reply: Sender<io::Result<Child>>,
}

static ORDERS: LazyLock<Mutex<Sender<Order>>> = LazyLock::new(|| {
    let (orders, inbox) = mpsc::channel();
    thread::spawn(move || serve(&inbox));
    Mutex::new(orders)
});

/// Starts a child that lives until it is killed or this process ends.
pub(super) fn spawn(command: Command) -> io::Result<Child> {
    let (reply, answer) = mpsc::channel();
    let sent = ORDERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send(Order { command, reply })
        .is_ok();
    match answer.recv() {
        Ok(child) if sent => child,
        _ => Err(io::Error::other("the spawning thread is gone")),
    }
}

fn serve(inbox: &Receiver<Order>) {
    for mut order in inbox {
        // Whoever ordered waits for the answer; if it is gone the child is dropped unheard.
        let _ = order.reply.send(order.command.spawn());
    }
}
