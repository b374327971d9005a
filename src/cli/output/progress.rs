//! A line on the terminal for each registry that is being asked. Standard error, and only a terminal.

use std::{
    collections::HashMap,
    io::{self, IsTerminal},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::screen::make_visible;
use crate::{
    domain::registry_credential::RegistryCredential,
    operations::validate::{Unwatched, Watch},
};

/// How often the lines move.
const TICK: Duration = Duration::from_millis(100);

/// Returns what shows the progress: lines on a terminal, nothing elsewhere.
#[must_use]
pub fn watch(is_utf8: bool) -> Box<dyn Watch> {
    if !io::stderr().is_terminal() {
        return Box::new(Unwatched);
    }
    let ticks = if is_utf8 {
        "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "
    } else {
        "|/-\\ "
    };
    let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
    Box::new(Lines {
        all: MultiProgress::new(),
        style: style.tick_chars(ticks),
        by_registry: Mutex::default(),
    })
}

struct Lines {
    all: MultiProgress,
    style: ProgressStyle,
    by_registry: Mutex<HashMap<String, ProgressBar>>,
}

impl Watch for Lines {
    fn started(&self, credential: &RegistryCredential) {
        let name = name(credential);
        let line = self.all.add(ProgressBar::new_spinner());
        line.set_style(self.style.clone());
        line.set_message(format!("asking {name}"));
        line.enable_steady_tick(TICK);
        self.lines().insert(name, line);
    }

    fn finished(&self, credential: &RegistryCredential) {
        if let Some(line) = self.lines().remove(&name(credential)) {
            line.finish_and_clear();
            self.all.remove(&line);
        }
    }
}

impl Lines {
    fn lines(&self) -> std::sync::MutexGuard<'_, HashMap<String, ProgressBar>> {
        self.by_registry
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(credential: &RegistryCredential) -> String {
    let user = make_visible(credential.credential.user());
    format!("{} as {user}", credential.host)
}
