;; One pass of Adam (Kingma & Ba 2015, algorithm 1, in the reordered form of section 2) over one weight:
;; g = gradient (+ other gradient, where there is one), m = b1 m + c1 g, v = b2 v + c2 g g, w = w - step m / (sqrt v + epsilon).
;; Four float32 at a time; each operation rounds by itself, in the order in which a graph of single operations would.
;; Offsets are bytes, multiples of 16; `other` is 0 where there is no second gradient; `values` is a multiple of 4, ≥ 4.
(module
  (import "adam" "memory" (memory 1 65536))
  (func (export "step")
    (param $weight i32) (param $first i32) (param $second i32) (param $gradient i32) (param $other i32) (param $values i32)
    (param $beta1 f32) (param $rest1 f32) (param $beta2 f32) (param $rest2 f32) (param $step f32) (param $epsilon f32)
    (local $end i32) (local $offset i32)
    (local $g v128) (local $m v128) (local $v v128)
    (local $b1 v128) (local $c1 v128) (local $b2 v128) (local $c2 v128) (local $s v128) (local $e v128)
    (local.set $b1 (f32x4.splat (local.get $beta1)))
    (local.set $c1 (f32x4.splat (local.get $rest1)))
    (local.set $b2 (f32x4.splat (local.get $beta2)))
    (local.set $c2 (f32x4.splat (local.get $rest2)))
    (local.set $s (f32x4.splat (local.get $step)))
    (local.set $e (f32x4.splat (local.get $epsilon)))
    (local.set $end (i32.shl (local.get $values) (i32.const 2)))
    (loop $next
      (local.set $g (v128.load (i32.add (local.get $gradient) (local.get $offset))))
      (if (local.get $other)
        (then (local.set $g (f32x4.add (local.get $g)
          (v128.load (i32.add (local.get $other) (local.get $offset)))))))
      (local.set $m (f32x4.add
        (f32x4.mul (v128.load (i32.add (local.get $first) (local.get $offset))) (local.get $b1))
        (f32x4.mul (local.get $g) (local.get $c1))))
      (local.set $v (f32x4.add
        (f32x4.mul (v128.load (i32.add (local.get $second) (local.get $offset))) (local.get $b2))
        (f32x4.mul (f32x4.mul (local.get $g) (local.get $g)) (local.get $c2))))
      (v128.store (i32.add (local.get $first) (local.get $offset)) (local.get $m))
      (v128.store (i32.add (local.get $second) (local.get $offset)) (local.get $v))
      (v128.store (i32.add (local.get $weight) (local.get $offset)) (f32x4.sub
        (v128.load (i32.add (local.get $weight) (local.get $offset)))
        (f32x4.mul (local.get $s) (f32x4.div (local.get $m) (f32x4.add (f32x4.sqrt (local.get $v)) (local.get $e))))))
      (local.set $offset (i32.add (local.get $offset) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $offset) (local.get $end))))))
