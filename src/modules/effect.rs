//! Check mode.

use crate::{ansible::Call, operations::Effect};

/// Reads how far a call goes: in check mode nothing is changed.
pub(super) fn effect_of(call: &Call) -> Effect {
    if call.check {
        Effect::Preview
    } else {
        Effect::Apply
    }
}
