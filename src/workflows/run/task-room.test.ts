import { bytesOf, TaskRoom } from './task-room';

describe('the room of a workflow task', () => {
  const hold = (room: TaskRoom, bytes: number, issued: number[], isStale = () => false): void =>
    room.hold({
      bytes,
      mustYield: false,
      isStale,
      issue: () => void issued.push(bytes),
      drop: () => void issued.push(-bytes),
    });

  it('measures payloads in UTF-8 bytes', () => {
    expect([bytesOf('é'), bytesOf({ a: 1 }), bytesOf(undefined)]).toEqual([4, 7, 0]);
  });

  it('delays commands that do not fit until the server begins the next task', () => {
    const room = new TaskRoom();
    const issued: number[] = [];
    room.begin(1);
    expect(room.fits(3_000_000)).toBe(true);
    room.spend(1_500_000);
    expect(room.fits(600_000)).toBe(false);
    hold(room, 600_000, issued);
    // Later commands are also delayed, to keep the order.
    expect(room.fits(1)).toBe(false);
    expect(room.release()).toBe(true);
    room.begin(1);
    expect(room.release()).toBe(true);
    room.begin(2);
    expect(room.release()).toBe(false);
    expect(issued).toEqual([600_000]);
  });

  it('waits for active local activities before it requests a new task', () => {
    const room = new TaskRoom();
    const issued: number[] = [];
    room.reserve(1_900_000);
    hold(room, 200_000, issued);
    expect(room.release()).toBe(false);
    room.settle(1_900_000, 500);
    expect(room.release()).toBe(false);
    expect(issued).toEqual([200_000]);
  });

  it('drops commands that were cancelled while they were delayed', () => {
    const room = new TaskRoom();
    const issued: number[] = [];
    room.spend(2_000_000);
    hold(room, 1, issued, () => true);
    expect(room.release()).toBe(false);
    expect(issued).toEqual([-1]);
  });
});
