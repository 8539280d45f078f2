// Long presses on touch screens.
import { useRef } from "preact/hooks";

const LONG_MS = 500;
const STILL_PX = 10;

/** `handlers` are for the element. `swallows` returns true for the click that ends a long press. */
export function useLongPress(onPress: (e: PointerEvent) => void) {
  const state = useRef({ timer: 0, x: 0, y: 0, fired: false });
  const end = () => clearTimeout(state.current.timer);
  return {
    swallows: () => {
      const { fired } = state.current;
      state.current.fired = false;
      return fired;
    },
    handlers: {
      onPointerDown(e: PointerEvent) {
        end();
        state.current = { ...state.current, x: e.clientX, y: e.clientY, fired: false };
        if (e.pointerType !== "touch") return;
        state.current.timer = window.setTimeout(() => {
          state.current.fired = true;
          onPress(e);
        }, LONG_MS);
      },
      onPointerMove(e: PointerEvent) {
        const { x, y } = state.current;
        if (Math.hypot(e.clientX - x, e.clientY - y) > STILL_PX) end();
      },
      onPointerUp: end,
      onPointerCancel: end,
      onContextMenu(e: MouseEvent) {
        if (state.current.fired) e.preventDefault(); // the long press was handled
      },
    },
  };
}
